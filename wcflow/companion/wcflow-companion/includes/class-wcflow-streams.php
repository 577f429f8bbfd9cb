<?php
/**
 * The streams that the daemon reads.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Keeps changes, requests and events in rows whose numbers only grow.
 */
class Wcflow_Streams {
	const NAMES     = array( 'changes', 'requests', 'events' );
	const SETTLED   = 2;
	const MOST      = 200;
	const LARGEST   = 500000;
	const STRENGTHS = array(
		'saved'   => 1,
		'trashed' => 2,
		'deleted' => 3,
	);

	/**
	 * Rows that wait for the end of the web request, by site and stream.
	 *
	 * @var array
	 */
	private static $waiting = array();

	/**
	 * Writes what has waited when the web request ends.
	 */
	public static function init() {
		add_action( 'shutdown', array( __CLASS__, 'flush' ), 100 );
	}

	/**
	 * Notes that an order or a customer changed; one row for each object and web request.
	 *
	 * @param string $kind      Either order or customer.
	 * @param int    $object_id Id of the order or of the user.
	 * @param string $what      One of saved, trashed, deleted and note.
	 */
	public static function append_change( $kind, $object_id, $what ) {
		$object_id = (int) $object_id;
		if ( $object_id <= 0 ) {
			return;
		}
		$site = get_current_blog_id();
		// A note is no change of the order itself, and has a row of its own.
		$whole = "$kind $object_id";
		$name  = 'note' === $what ? "$whole note" : $whole;
		$known = isset( self::$waiting[ $site ]['changes'][ $whole ] ) ? self::STRENGTHS[ self::$waiting[ $site ]['changes'][ $whole ]['what'] ] : 0;
		if ( $known >= ( 'note' === $what ? self::STRENGTHS['deleted'] : self::STRENGTHS[ $what ] ) ) {
			return;
		}
		if ( 'deleted' === $what ) {
			unset( self::$waiting[ $site ]['changes'][ "$whole note" ] );
		}
		self::$waiting[ $site ]['changes'][ $name ] = compact( 'kind', 'object_id', 'what' );
		self::flush_when_many( $site );
	}

	/**
	 * Notes that a visitor did something.
	 *
	 * @param string $kind        Kind of the event.
	 * @param int    $customer_id Id of the user, or 0.
	 * @param string $email       Address, or an empty string.
	 * @param array  $data        What the kind of event tells.
	 */
	public static function append_event( $kind, $customer_id, $email, $data ) {
		$site = get_current_blog_id();

		self::$waiting[ $site ]['events'][] = array(
			'kind'        => substr( (string) $kind, 0, 30 ),
			'customer_id' => max( 0, (int) $customer_id ),
			'email'       => self::cut( strtolower( trim( (string) $email ) ) ),
			'data'        => self::encode( $data ),
		);
		self::flush_when_many( $site );
	}

	/**
	 * Writes a request at once and returns its number, or 0 where it could not be written.
	 *
	 * @param array $fields Values by column: user_id, user_name, person, customer_id, email, action, data, generation, reason, bulk.
	 */
	public static function append_request( $fields ) {
		global $wpdb;
		return self::insert( Wcflow_Tables::name( 'requests' ), array( self::request_row( $fields ) ) ) ? (int) $wpdb->insert_id : 0;
	}

	/**
	 * Writes many requests, all or none, and says whether that went well.
	 *
	 * @param array[] $requests Fields of each, as for append_request.
	 */
	public static function append_requests( $requests ) {
		global $wpdb;
		$wpdb->query( 'START TRANSACTION' );
		// Each is large, and servers limit the size of a statement.
		foreach ( array_chunk( array_map( array( __CLASS__, 'request_row' ), $requests ), 20 ) as $rows ) {
			if ( ! self::insert( Wcflow_Tables::name( 'requests' ), $rows ) ) {
				$wpdb->query( 'ROLLBACK' );
				return false;
			}
		}
		return false !== $wpdb->query( 'COMMIT' );
	}

	/**
	 * Returns a request as a row of the table.
	 *
	 * @param array $fields Fields, as for append_request.
	 */
	private static function request_row( $fields ) {
		return array(
			'user_id'     => (int) $fields['user_id'],
			'user_name'   => self::cut( $fields['user_name'] ),
			'person'      => (int) $fields['person'],
			'customer_id' => (int) $fields['customer_id'],
			'email'       => self::cut( $fields['email'] ),
			'action'      => substr( (string) $fields['action'], 0, 40 ),
			'data'        => self::encode( $fields['data'] ),
			'generation'  => self::cut( $fields['generation'], 100 ),
			'reason'      => (string) $fields['reason'],
			'bulk'        => substr( (string) $fields['bulk'], 0, 36 ),
			'answer'      => '',
		);
	}

	/**
	 * Writes all that waits.
	 */
	public static function flush() {
		$waiting       = self::$waiting;
		self::$waiting = array();
		foreach ( $waiting as $site => $streams ) {
			$elsewhere = get_current_blog_id() !== $site;
			if ( $elsewhere ) {
				switch_to_blog( $site );
			}
			foreach ( $streams as $stream => $rows ) {
				foreach ( array_chunk( array_values( $rows ), self::MOST ) as $some ) {
					self::insert( Wcflow_Tables::name( $stream ), $some );
				}
			}
			if ( isset( $streams['changes'] ) ) {
				Wcflow_Orders::refresh( wp_list_pluck( wp_list_filter( $streams['changes'], array( 'kind' => 'order' ) ), 'object_id' ) );
			}
			if ( $elsewhere ) {
				restore_current_blog();
			}
		}
	}

	/**
	 * Returns the first and the last number of a stream, both 0 where it is empty.
	 *
	 * @param string $stream One of NAMES.
	 */
	public static function bounds( $stream ) {
		global $wpdb;
		$table = Wcflow_Tables::name( $stream );
		$row   = $wpdb->get_row( "SELECT MIN(id) AS first, MAX(id) AS last FROM `$table`" ); // phpcs:ignore WordPress.DB.PreparedSQL
		return array(
			'first' => $row ? (int) $row->first : 0,
			'last'  => $row ? (int) $row->last : 0,
		);
	}

	/**
	 * Returns the rows that follow the last one that the daemon has handled; fewer where they are large.
	 *
	 * @param string $stream One of NAMES.
	 * @param int    $after  Number of the last row that was handled, or 0.
	 * @param string $key    Key of that row.
	 * @param int    $limit  How many rows at most.
	 */
	public static function read( $stream, $after, $key, $limit ) {
		global $wpdb;
		$table = Wcflow_Tables::name( $stream );
		$reset = self::is_reset( $stream, $after, $key );
		$now   = time();
		// phpcs:ignore WordPress.DB.PreparedSQL
		$found = $wpdb->get_results( $wpdb->prepare( "SELECT * FROM `$table` WHERE id > %d ORDER BY id LIMIT %d", $reset ? 0 : $after, $limit + 1 ), ARRAY_A );
		$rows  = array();
		$bytes = 0;
		$full  = false;
		foreach ( (array) $found as $row ) {
			$age = $now - (int) strtotime( $row['at'] . ' UTC' );
			if ( $age >= 0 && $age < self::SETTLED ) {
				break; // A row with a lower number may still be on its way.
			}
			$bytes += isset( $row['data'] ) ? strlen( $row['data'] ) : 0;
			$full   = count( $rows ) === $limit || ( $rows && $bytes > self::LARGEST );
			if ( $full ) {
				break;
			}
			$rows[] = $row;
		}
		return array(
			'epoch' => Wcflow_Tables::epoch(),
			'reset' => $reset,
			'rows'  => array_map( array( __CLASS__, 'shape_' . $stream ), $rows ),
			'more'  => $full,
		);
	}

	/**
	 * Empties the events and requests of a person and returns how many there were; the rows and their numbers stay.
	 *
	 * @param string $email       Address.
	 * @param int    $customer_id Id of the user, or 0.
	 */
	public static function erase( $email, $customer_id = 0 ) {
		global $wpdb;
		$emptied = 0;
		foreach ( array( 'events', 'requests' ) as $stream ) {
			$table = Wcflow_Tables::name( $stream );
			$more  = 'requests' === $stream ? ", reason = '', answer = '', person = 0" : '';
			$empty = "UPDATE `$table` SET data = '{}', email = '', customer_id = 0 $more WHERE";
			if ( '' !== (string) $email ) {
				$emptied += (int) $wpdb->query( $wpdb->prepare( "$empty email = %s", self::cut( $email ) ) ); // phpcs:ignore WordPress.DB.PreparedSQL
			}
			if ( $customer_id > 0 ) {
				$emptied += (int) $wpdb->query( $wpdb->prepare( "$empty customer_id = %d", $customer_id ) ); // phpcs:ignore WordPress.DB.PreparedSQL
			}
		}
		return $emptied;
	}

	/**
	 * Says whether the daemon has handled a row that this table never had: a backup was restored.
	 *
	 * @param string $stream One of NAMES.
	 * @param int    $after  Number of a row.
	 * @param string $key    Key of that row.
	 */
	private static function is_reset( $stream, $after, $key ) {
		global $wpdb;
		if ( $after <= 0 ) {
			return false;
		}
		$bounds = self::bounds( $stream );
		if ( $after > $bounds['last'] ) {
			return true;
		}
		$table = Wcflow_Tables::name( $stream );
		$there = $wpdb->get_var( $wpdb->prepare( "SELECT row_key FROM `$table` WHERE id = %d", $after ) ); // phpcs:ignore WordPress.DB.PreparedSQL
		return null !== $there && $there !== $key;
	}

	/**
	 * Returns a change as the daemon reads it.
	 *
	 * @param array $row Row of the table.
	 */
	public static function shape_changes( $row ) {
		return self::shape_head( $row ) + array(
			'kind'      => $row['kind'],
			'object_id' => (int) $row['object_id'],
			'what'      => $row['what'],
		);
	}

	/**
	 * Returns an event as the daemon reads it.
	 *
	 * @param array $row Row of the table.
	 */
	public static function shape_events( $row ) {
		return self::shape_head( $row ) + array(
			'kind'        => $row['kind'],
			'customer_id' => (int) $row['customer_id'],
			'email'       => $row['email'],
			'data'        => (object) self::decode( $row['data'] ),
		);
	}

	/**
	 * Returns a request as the daemon reads it.
	 *
	 * @param array $row Row of the table.
	 */
	public static function shape_requests( $row ) {
		return self::shape_head( $row ) + array(
			'by'          => $row['user_name'],
			'user_id'     => (int) $row['user_id'],
			'person'      => (int) $row['person'],
			'customer_id' => (int) $row['customer_id'],
			'email'       => $row['email'],
			'action'      => $row['action'],
			'data'        => (object) self::decode( $row['data'] ),
			'generation'  => $row['generation'],
			'reason'      => $row['reason'],
			'bulk'        => $row['bulk'],
		);
	}

	/**
	 * Returns what the rows of all streams begin with.
	 *
	 * @param array $row Row of the table.
	 */
	private static function shape_head( $row ) {
		return array(
			'id'  => (int) $row['id'],
			'key' => $row['row_key'],
			'at'  => self::stamp( $row['at'] ),
		);
	}

	/**
	 * Returns a time of the database as 2026-11-28T20:15:00Z, or null.
	 *
	 * @param string|null $at Time in UTC as MySQL writes it.
	 */
	public static function stamp( $at ) {
		return $at ? str_replace( ' ', 'T', substr( $at, 0, 19 ) ) . 'Z' : null;
	}

	/**
	 * Returns values as JSON that no byte can break.
	 *
	 * @param mixed $value Values.
	 */
	public static function encode( $value ) {
		$json = wp_json_encode( $value, JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE );
		return false === $json ? '{}' : $json;
	}

	/**
	 * Returns the array that a JSON text holds, or an empty one.
	 *
	 * @param string $json JSON.
	 */
	public static function decode( $json ) {
		$value = json_decode( (string) $json, true );
		return is_array( $value ) ? $value : array();
	}

	/**
	 * Returns a text in lower case; where PHP lacks mbstring, only its plain letters.
	 *
	 * @param string $text Text.
	 */
	public static function lower( $text ) {
		return function_exists( 'mb_strtolower' ) ? mb_strtolower( $text ) : strtolower( $text );
	}

	/**
	 * Returns a text that fits into a column.
	 *
	 * @param string $text   Text.
	 * @param int    $length How many characters at most.
	 */
	public static function cut( $text, $length = 191 ) {
		return mb_substr( wp_check_invalid_utf8( (string) $text, true ), 0, $length );
	}

	/**
	 * Writes what waits where a long-running script has gathered much.
	 *
	 * @param int $site Number of the site.
	 */
	private static function flush_when_many( $site ) {
		$count = 0;
		foreach ( self::$waiting[ $site ] as $rows ) {
			$count += count( $rows );
		}
		if ( $count >= self::MOST ) {
			self::flush();
		}
	}

	/**
	 * Writes rows with one statement and says whether that went well.
	 *
	 * @param string  $table Full name of the table.
	 * @param array[] $rows  Rows, all with the same columns.
	 */
	private static function insert( $table, $rows ) {
		global $wpdb;
		$at     = gmdate( 'Y-m-d H:i:s' );
		$values = array();
		$marks  = array();
		foreach ( $rows as $row ) {
			$marks[] = '(%s,%s' . str_repeat( ',%s', count( $row ) ) . ')';
			array_push( $values, wp_generate_uuid4(), $at );
			foreach ( $row as $value ) {
				$values[] = $value;
			}
		}
		$columns = 'row_key, at, ' . implode( ', ', array_keys( $rows[0] ) );
		// phpcs:ignore WordPress.DB.PreparedSQL
		return (bool) $wpdb->query( $wpdb->prepare( "INSERT INTO `$table` ($columns) VALUES " . implode( ',', $marks ), $values ) );
	}
}
