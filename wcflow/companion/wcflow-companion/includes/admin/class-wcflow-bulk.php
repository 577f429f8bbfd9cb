<?php
/**
 * One change for many customers at once.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Sends bulk requests, and gives the lists of users and orders their tag field and messages.
 */
class Wcflow_Bulk {

	const NONCE = 'wcflow_bulk_nonce';

	/**
	 * Put one request for each person into the mailbox; return for how many people that went well.
	 *
	 * @param array[] $rows   Rows of people.
	 * @param string  $action Action.
	 * @param array   $data   Cleaned data; several tags or groups become several requests.
	 * @return int
	 */
	public static function send( $rows, $action, $data ) {
		$bulk = wp_generate_uuid4();
		$done = array();
		foreach ( $rows as $row ) {
			if ( isset( $done[ $row['person'] ] ) ) {
				continue;
			}
			$done[ $row['person'] ] = true;
			foreach ( Wcflow_Requests::each( $data ) as $one ) {
				if ( is_wp_error( Wcflow_Mailbox::add( $action, $row, $one, $bulk ) ) ) {
					$done[ $row['person'] ] = false;
				}
			}
		}
		return count( array_filter( $done ) );
	}

	/**
	 * Add the bulk actions to a list of users or orders.
	 *
	 * @param array $actions Bulk actions.
	 * @return array
	 */
	public static function actions( $actions ) {
		if ( Wcflow_Admin::may_edit() ) {
			$actions['wcflow_tag_add']    = __( 'Add tag to customers', 'wcflow-companion' );
			$actions['wcflow_tag_remove'] = __( 'Remove tag from customers', 'wcflow-companion' );
		}
		return $actions;
	}

	/**
	 * Do a bulk action of a list of users or orders; return where to go.
	 *
	 * @param string  $back   Where to go.
	 * @param string  $action Bulk action.
	 * @param array[] $rows   Rows of the people who were selected.
	 * @param int     $chosen How many lines were selected.
	 * @return string
	 */
	public static function handle( $back, $action, $rows, $chosen ) {
		check_admin_referer( self::NONCE, self::NONCE ); // WordPress drops its own nonce on the list of users.
		$back = remove_query_arg( array( 'wcflow_bulk', 'wcflow_skipped', 'wcflow_problem', 'wcflow_tag_name', 'wcflow_tag_name2', self::NONCE ), $back );
		if ( ! Wcflow_Admin::may_edit() ) {
			return $back;
		}
		$top    = self::chosen( 'wcflow_tag_name' );
		$action = 'wcflow_tag_add' === $action ? 'tag.add' : 'tag.remove';
		$data   = Wcflow_Requests::clean( 'tag.add', array( 'tag' => '' !== trim( $top ) ? $top : self::chosen( 'wcflow_tag_name2' ) ) );
		if ( is_string( $data ) ) {
			return add_query_arg( Wcflow_Requests::problem( $data ), $back );
		}
		$sent = self::send( $rows, $action, $data );
		$args = array( 'wcflow_bulk' => $sent );
		if ( ! $sent && $chosen ) {
			$args['wcflow_skipped'] = $chosen;
		}
		return add_query_arg( $args, $back );
	}

	/**
	 * Print the field for the tag of a bulk action.
	 *
	 * @param string $which top or bottom.
	 */
	public static function tag_field( $which ) {
		if ( ! Wcflow_Admin::may_edit() ) {
			return;
		}
		$name = 'bottom' === $which ? 'wcflow_tag_name2' : 'wcflow_tag_name';
		echo '<span class="wcflow-bulk-field" data-wcflow-for="wcflow_tag_add wcflow_tag_remove"><label class="screen-reader-text" for="' . esc_attr( $name ) . '">' . esc_html__( 'Tag for the bulk action', 'wcflow-companion' ) . '</label>';
		echo '<input type="text" id="' . esc_attr( $name ) . '" name="' . esc_attr( $name ) . '" list="wcflow-bulk-tags" autocomplete="off" placeholder="' . esc_attr__( 'Tag for the bulk action', 'wcflow-companion' ) . '">';
		if ( 'bottom' !== $which ) {
			echo '<input type="hidden" name="' . esc_attr( self::NONCE ) . '" value="' . esc_attr( wp_create_nonce( self::NONCE ) ) . '">';
			Wcflow_Html::suggestions( 'wcflow-bulk-tags', 'tags' );
		}
		echo '</span>';
	}

	/**
	 * Print what became of a bulk action.
	 */
	public static function notices() {
		// phpcs:disable WordPress.Security.NonceVerification.Recommended -- only a number is shown.
		if ( isset( $_GET['wcflow_skipped'] ) ) {
			echo '<div class="notice notice-warning is-dismissible wcflow-said"><p>' . esc_html__( 'Nothing was changed: wcflow does not know these customers yet.', 'wcflow-companion' ) . '</p></div>';
		} elseif ( isset( $_GET['wcflow_bulk'] ) ) {
			$number = absint( $_GET['wcflow_bulk'] );
			/* translators: %s: number of customers */
			$words = sprintf( _n( '%s customer will be changed with the next sync of wcflow.', '%s customers will be changed with the next sync of wcflow.', $number, 'wcflow-companion' ), number_format_i18n( $number ) );
			echo '<div class="notice notice-success is-dismissible wcflow-said"><p>' . esc_html( $words ) . '</p></div>';
		} else {
			Wcflow_Requests::notices();
		}
		// phpcs:enable
	}

	/**
	 * Return a value of the address as one line. Angle brackets stay, because a tag may have them: it is compared, and
	 * escaped where it is shown.
	 *
	 * @param string $name Name of the argument.
	 * @return string
	 */
	public static function chosen( $name ) {
		$value = isset( $_GET[ $name ] ) ? wp_unslash( $_GET[ $name ] ) : ''; // phpcs:ignore WordPress.Security.NonceVerification.Recommended, WordPress.Security.ValidatedSanitizedInput.InputNotSanitized -- a filter changes nothing; cleaned below.
		$value = is_scalar( $value ) ? wp_check_invalid_utf8( (string) $value, true ) : '';
		return mb_substr( preg_replace( '/\p{Cc}+/u', '', $value ), 0, 500 );
	}
}
