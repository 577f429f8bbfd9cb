<?php
/**
 * The routes that the daemon calls.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Serves wc-wcflow/v1 to the store's own API keys; the name begins with wc-, so WooCommerce reads the keys.
 */
class Wcflow_Rest {
	const SPACE    = 'wc-wcflow/v1';
	const PROTOCOL = 1;
	const LARGEST  = 1048576;
	const CARDS    = 100;

	/**
	 * Registers the routes when REST starts.
	 */
	public static function init() {
		add_action( 'rest_api_init', array( __CLASS__, 'register' ) );
	}

	/**
	 * Registers the routes.
	 */
	public static function register() {
		self::route( 'status', 'GET', 'status' );
		foreach ( Wcflow_Streams::NAMES as $stream ) {
			self::route( $stream, 'GET', 'read_' . $stream, self::stream_args() );
		}
		self::route( 'requests/answers', 'POST', 'answer' );
		self::route( 'people', 'POST', 'save_people' );
		self::route( 'people/finish', 'POST', 'finish_people' );
		self::route( 'summary', 'PUT', 'save_summary' );
		self::route( 'settings', 'PUT', 'save_settings' );
	}

	/**
	 * Says whether the caller may manage the shop.
	 */
	public static function may() {
		if ( current_user_can( 'manage_woocommerce' ) ) {
			return true;
		}
		return self::error( 'forbidden', __( 'This needs an API key of somebody who manages the shop.', 'wcflow-companion' ), rest_authorization_required_code() );
	}

	/**
	 * Tells what is here.
	 */
	public static function status() {
		Wcflow_Tables::repair();
		Wcflow_Tables::purge_if_due();
		Wcflow_Orders::catch_up( 1 );
		$streams = array();
		foreach ( Wcflow_Streams::NAMES as $stream ) {
			$streams[ $stream ] = Wcflow_Streams::bounds( $stream );
		}
		$summary = Wcflow_Settings::summary();
		return rest_ensure_response(
			array(
				'plugin'         => 'wcflow-companion',
				'version'        => WCFLOW_COMPANION_VERSION,
				'protocol'       => self::PROTOCOL,
				'epoch'          => Wcflow_Tables::epoch(),
				'streams'        => $streams,
				'people'         => Wcflow_People::count(),
				'generation'     => Wcflow_People::generation(),
				'settings'       => Wcflow_Settings::digest(),
				'summary'        => isset( $summary['sent_at'] ) ? $summary['sent_at'] : '',
				'mail_url'       => home_url( '/' ),
				'events'         => Wcflow_Settings::events(),
				'consent_plugin' => Wcflow_Consent::plugin(),
				'hpos'           => Wcflow_Orders::has_hpos(),
				'dropped_emails' => Wcflow_Limit::dropped(),
			)
		);
	}

	/**
	 * Serves the stream of changes.
	 *
	 * @param WP_REST_Request $request Request.
	 */
	public static function read_changes( $request ) {
		return self::read( 'changes', $request );
	}

	/**
	 * Serves the stream of requests.
	 *
	 * @param WP_REST_Request $request Request.
	 */
	public static function read_requests( $request ) {
		return self::read( 'requests', $request );
	}

	/**
	 * Serves the stream of events.
	 *
	 * @param WP_REST_Request $request Request.
	 */
	public static function read_events( $request ) {
		return self::read( 'events', $request );
	}

	/**
	 * Takes the daemon's answers to requests.
	 *
	 * @param WP_REST_Request $request Request.
	 */
	public static function answer( $request ) {
		$body = self::body( $request, 'answers' );
		if ( is_wp_error( $body ) ) {
			return $body;
		}
		return rest_ensure_response( array( 'saved' => Wcflow_Mailbox::answer( array_slice( $body['answers'], 0, 500 ) ) ) );
	}

	/**
	 * Takes cards of people, and the ids of those who are gone.
	 *
	 * @param WP_REST_Request $request Request.
	 */
	public static function save_people( $request ) {
		$body = self::body( $request, 'people' );
		if ( is_wp_error( $body ) ) {
			return $body;
		}
		$generation = self::generation( $body );
		if ( is_wp_error( $generation ) ) {
			return $generation;
		}
		if ( count( $body['people'] ) > self::CARDS ) {
			return self::error( 'too_many', __( 'At most 100 people at a time.', 'wcflow-companion' ), 413 );
		}
		$gone    = isset( $body['gone'] ) && is_array( $body['gone'] ) ? array_slice( array_filter( $body['gone'], 'is_int' ), 0, 1000 ) : array();
		$refused = Wcflow_Cards::begin( $generation ) ? Wcflow_People::save_many( $body['people'], $generation ) : null;
		if ( null === $refused ) {
			return self::error( 'not_saved', __( 'The database did not take the people.', 'wcflow-companion' ), 500 );
		}
		return rest_ensure_response(
			array(
				'saved'   => count( $body['people'] ) - count( $refused ),
				'gone'    => Wcflow_People::gone( $gone ),
				'refused' => $refused,
			)
		);
	}

	/**
	 * Removes the people of other generations, after everybody was pushed anew.
	 *
	 * @param WP_REST_Request $request Request.
	 */
	public static function finish_people( $request ) {
		$body = self::body( $request );
		if ( is_wp_error( $body ) ) {
			return $body;
		}
		$generation = self::generation( $body );
		if ( is_wp_error( $generation ) ) {
			return $generation;
		}
		if ( ! Wcflow_Cards::begin( $generation ) ) {
			return self::error( 'not_saved', __( 'The database did not take the people.', 'wcflow-companion' ), 500 );
		}
		return rest_ensure_response( array( 'removed' => Wcflow_Cards::remove_others( $generation ) ) );
	}

	/**
	 * Takes the daemon's summary.
	 *
	 * @param WP_REST_Request $request Request.
	 */
	public static function save_summary( $request ) {
		$body = self::body( $request );
		if ( is_wp_error( $body ) ) {
			return $body;
		}
		Wcflow_Settings::save_summary( $body );
		return rest_ensure_response( array( 'saved' => true ) );
	}

	/**
	 * Takes the keys and the topics of e-mail.
	 *
	 * @param WP_REST_Request $request Request.
	 */
	public static function save_settings( $request ) {
		$body = self::body( $request );
		if ( is_wp_error( $body ) ) {
			return $body;
		}
		$fault = Wcflow_Settings::save_given( $body );
		if ( $fault ) {
			return self::error( 'bad_settings', $fault, 400 );
		}
		return rest_ensure_response( array( 'saved' => true ) );
	}

	/**
	 * Registers one route.
	 *
	 * @param string $path   Path below the namespace.
	 * @param string $method GET, POST or PUT.
	 * @param string $name   Method of this class.
	 * @param array  $args   Arguments.
	 */
	private static function route( $path, $method, $name, $args = array() ) {
		register_rest_route(
			self::SPACE,
			'/' . $path,
			array(
				'methods'             => $method,
				'callback'            => array( __CLASS__, $name ),
				'permission_callback' => array( __CLASS__, 'may' ),
				'args'                => $args,
			)
		);
	}

	/**
	 * Returns the arguments of the streams.
	 */
	private static function stream_args() {
		return array(
			'after' => array(
				'type'    => 'integer',
				'minimum' => 0,
				'default' => 0,
			),
			'key'   => array(
				'type'      => 'string',
				'maxLength' => 64,
				'default'   => '',
			),
			'limit' => array(
				'type'    => 'integer',
				'minimum' => 1,
				'maximum' => 500,
				'default' => 200,
			),
		);
	}

	/**
	 * Serves a stream.
	 *
	 * @param string          $stream  One of Wcflow_Streams::NAMES.
	 * @param WP_REST_Request $request Request.
	 */
	private static function read( $stream, $request ) {
		return rest_ensure_response( Wcflow_Streams::read( $stream, (int) $request['after'], (string) $request['key'], (int) $request['limit'] ) );
	}

	/**
	 * Returns the body as an array, or an error.
	 *
	 * @param WP_REST_Request $request Request.
	 * @param string          $list    Field that must be a list, or empty.
	 */
	private static function body( $request, $list = '' ) {
		if ( strlen( (string) $request->get_body() ) > self::LARGEST ) {
			return self::error( 'too_large', __( 'The body is larger than 1 MB.', 'wcflow-companion' ), 413 );
		}
		$body = $request->get_json_params();
		if ( ! is_array( $body ) || ( array_keys( $body ) === array_keys( array_values( $body ) ) && $body ) ) {
			return self::error( 'bad_body', __( 'The body must be a JSON object.', 'wcflow-companion' ), 400 );
		}
		if ( '' !== $list && ( ! isset( $body[ $list ] ) || ! is_array( $body[ $list ] ) ) ) {
			/* translators: %s: name of a field */
			return self::error( 'bad_body', sprintf( __( 'The field %s must be a list.', 'wcflow-companion' ), $list ), 400 );
		}
		return $body;
	}

	/**
	 * Returns the generation of a body, or an error.
	 *
	 * @param array $body Body.
	 */
	private static function generation( $body ) {
		$generation = Wcflow_Cards::text( isset( $body['generation'] ) ? $body['generation'] : '' );
		if ( '' === $generation || strlen( $generation ) > 100 ) {
			return self::error( 'bad_generation', __( 'The generation must be a text of 1 to 100 characters.', 'wcflow-companion' ), 400 );
		}
		return $generation;
	}

	/**
	 * Returns an error of this plugin.
	 *
	 * @param string $code    Code without its beginning.
	 * @param string $message Sentence.
	 * @param int    $status  HTTP status.
	 */
	private static function error( $code, $message, $status ) {
		return new WP_Error( 'wcflow_' . $code, $message, array( 'status' => $status ) );
	}
}
